"""The commands, one module a family; importing a module registers its commands."""
