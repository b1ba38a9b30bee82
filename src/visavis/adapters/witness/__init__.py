"""What a witness keeps: its key, the logs it watches, and of each the checkpoint that it cosigned last."""
