from scope.schema import Column

COLUMNS = (
    Column("_id", "int64", "", False, "Id"),
    Column("ra", "float64", "deg", True, "Right ascension"),
    Column("score", "float32", "", True, "Score"),
    Column("filter", "int32", "", True, "Filter"),
    Column("flag", "bool", "", True, "Flag"),
    Column("bits", "uint64", "", False, "Bit mask"),
    Column("reason", "string", "", True, "Reason"),
    Column("mag", "list<float64>", "mag", True, "Magnitudes"),
    Column("dmdt", "fixed_size_list<float32>[4]", "", True, "Histogram"),
)
