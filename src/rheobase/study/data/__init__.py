"""What a study is carried out on: a table, read, checked and encoded; its splits and its metric."""
