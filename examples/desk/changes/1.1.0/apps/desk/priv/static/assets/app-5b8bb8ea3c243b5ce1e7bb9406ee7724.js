// desk 1.1.0
