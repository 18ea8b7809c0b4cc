"""What tests share: servers, databases, tables, models, commands."""
