"""What was found about a picture, as one page that stands by itself."""
