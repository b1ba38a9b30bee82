"""What touches the world: each adapter proves its port by the contract tests."""
