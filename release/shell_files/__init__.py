"""Man pages, and completion for bash, zsh and fish: all written from the options that the commands declare."""
