"""The screen that control functions act on."""
