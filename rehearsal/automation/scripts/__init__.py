"""Running the Python of `aws:executeScript` in processes of its own."""
