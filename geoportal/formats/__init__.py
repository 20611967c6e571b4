"""How dates are written and read where Django's formats of a language are not those of Indonesia."""
