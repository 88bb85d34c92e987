"""Excel workbooks: .xlsx, and .xls and .xlsb through python-calamine.

May import the root of `documents`, `office` and `text`.
"""
