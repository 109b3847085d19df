"""What people see in a notebook: tables, explanations and pictures, in the words of the use cases."""
