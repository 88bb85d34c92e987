"""The row below the prompt's text: model, effort, variants, background, and their menus."""
