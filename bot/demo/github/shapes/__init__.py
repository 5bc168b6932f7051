"""Records as GitHub's JSON: the field sets of the REST API and of webhook payloads."""
