"""What the command C{comet} can do: a module for each subcommand."""
