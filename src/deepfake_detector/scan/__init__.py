"""Very many pictures: streamed, resumable, nothing lost."""
