"""The dashboards, one file each; being here is all that it takes."""
