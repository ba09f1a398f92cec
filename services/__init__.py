"""Programs that run in the cluster, each as thin as a handler."""
