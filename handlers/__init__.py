"""What a GitHub event asks for: payloads become asks, asks become admissions or refusals."""
