{application,a,[{vsn,"1.0"},{id,"i"},{description,"text"},{modules,[m1,m2]},{registered,[r]},
 {applications,[kernel,stdlib,b]},{optional_applications,[b]},{included_applications,[c]},
 {env,[{k,v}]},{mod,{m1,[x]}},{start_phases,[{p,1}]},{maxT,infinity},{maxP,99}]}.
