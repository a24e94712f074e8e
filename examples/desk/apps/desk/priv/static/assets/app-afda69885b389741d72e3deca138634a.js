// desk 1.0.0
