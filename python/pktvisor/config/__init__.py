"""Configuration: from YAML texts to models. What is wrong is told with file, place, what was there, what would do."""
