"""May this message go, and in what form: decided before anything is opened."""
