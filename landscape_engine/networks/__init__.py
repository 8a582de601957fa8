"""The paper's networks, one a file: Table 1 (motion, appearance), 2 (encoder), 3 (code LSTM)."""
