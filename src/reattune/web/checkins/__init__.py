"""What clients and therapists answer: links, forms, answers."""
