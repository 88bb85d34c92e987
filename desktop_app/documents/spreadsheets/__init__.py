"""Excel workbooks: .xlsx, and .xlsb and .xls.

May import the root of `documents`, `office` and `text`.
"""
