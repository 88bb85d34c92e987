"""Excel workbooks: .xlsx, and .xlsb and .xls."""
