"""Tools that a model may call: definitions, states of calls, servers, strict schemas."""
