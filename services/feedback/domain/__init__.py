"""The rules of feedback: values in, values out."""
