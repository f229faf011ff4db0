"""Running encoders without torch, and the conversion that makes it possible."""
