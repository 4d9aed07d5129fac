"""Files in and out: captured lines, CSV, archives, Model Monitor's documents."""
