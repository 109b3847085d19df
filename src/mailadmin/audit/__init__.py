"""Who may, who ought not, and what will stop working."""
