"""What programs of local images share: how they are called, and how they are traced."""
