"""One module a page: `register_page` and `layout(default, **query)`. No I/O, no callbacks."""
