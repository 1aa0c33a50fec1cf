"""An agent's REST documents as typed models, and the client that asks for them."""
