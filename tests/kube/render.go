// SPDX-License-Identifier: Apache-2.0

// render CHART NAMESPACE [VALUES.yaml]: prints what helm template would: the kinds, then each template with its
// values.  There is no Helm in Debian; this is Go's text/template with the functions of sprig, as Helm has them, and
// those of Helm's own that the chart uses.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Over what is there; maps are merged.
func merge(into, from map[string]interface{}) {
	for key, value := range from {
		below, isMap := value.(map[string]interface{})
		if there, ok := into[key].(map[string]interface{}); ok && isMap {
			merge(there, below)
		} else {
			into[key] = value
		}
	}
}

func read(name string) map[string]interface{} {
	values := map[string]interface{}{}
	text, err := os.ReadFile(name)
	must(err)
	must(yaml.Unmarshal(text, &values))
	return values
}

func files(pattern string) []string {
	names, err := filepath.Glob(pattern)
	must(err)
	if len(names) == 0 {
		log.Fatalf("%s: no such files", pattern)
	}
	return names
}

func required(message string, value interface{}) (interface{}, error) {
	if value == nil || value == "" {
		return nil, fmt.Errorf("%s", message)
	}
	return value, nil
}

func main() {
	chart := os.Args[1]
	values := read(filepath.Join(chart, "values.yaml"))
	if len(os.Args) > 3 {
		merge(values, read(os.Args[3]))
	}
	data := map[string]interface{}{
		"Values":  values,
		"Chart":   read(filepath.Join(chart, "Chart.yaml")),
		"Release": map[string]interface{}{"Name": "relevo", "Namespace": os.Args[2], "Service": "Helm"},
	}
	for _, name := range files(filepath.Join(chart, "crds", "*.yaml")) {
		text, err := os.ReadFile(name)
		must(err)
		fmt.Printf("---\n%s", text)
	}
	functions := sprig.TxtFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	functions["required"] = required
	for _, name := range files(filepath.Join(chart, "templates", "*.yaml")) {
		text, err := os.ReadFile(name)
		must(err)
		one, err := template.New(name).Funcs(functions).Option("missingkey=error").Parse(string(text))
		must(err)
		fmt.Print("---\n")
		must(one.Execute(os.Stdout, data))
	}
}
