"""Values, errors, options, components, digests and files: what every other package stands on."""
