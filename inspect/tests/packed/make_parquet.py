"""Makes the Parquet files beside, with pyarrow (26.0.1). All people are invented."""

import datetime
import decimal

import pyarrow as pa
import pyarrow.parquet as pq

N = 12
numbers = ["001090%06d" % (123456 + i * 37) for i in range(N)]
births = [datetime.date(1990, 1, 1 + i) for i in range(N)]
names = ["Nguyễn Văn " + "An Bình Chi Dũng".split()[i % 4] for i in range(N)]


def write(name, columns, **options):
    pq.write_table(pa.table(columns), name, **options)


# As pandas and most others write them: dictionaries, snappy.
write("nguoi.parquet", {"Họ và tên": names, "Số CCCD": numbers, "Ngày sinh": births, "Tỉnh": ["Hà Nội"] * N})
# Without dictionaries, in pages of the second layout; numbers that lost their zeros, one of them unknown; moments.
write(
    "so.parquet",
    {
        "ho_ten": names,
        "so_cccd": pa.array([int(n) for n in numbers[:-1]] + [None]),
        "cccd_me": pa.array([float(n) + 1000 for n in numbers[:-1]] + [None]),
        "ngay_sinh": pa.array([datetime.datetime(1990, 1, 1 + i, 3) for i in range(N)], pa.timestamp("us")),
    },
    use_dictionary=False, compression="zstd", data_page_version="2.0", row_group_size=5,
)
# Lists and structures, gzip; a file in a cell.
write(
    "long.parquet",
    {
        "con": pa.array([[{"so_cccd": n, "tuoi": 3}, {"so_cccd": None, "tuoi": 4}] if i % 3 else None for i, n in enumerate(numbers)]),
        "tep": pa.array([b"PK\x05\x06" + bytes(18) + b"\xff" * 60] + [None] * (N - 1), pa.binary()),
    },
    compression="gzip",
)
# A column that is not read, beside one that is.
write(
    "delta.parquet", {"so_cccd": numbers, "ghi_chu": numbers},
    use_dictionary=False, column_encoding={"so_cccd": "PLAIN", "ghi_chu": "DELTA_BYTE_ARRAY"}, compression="none",
)
# Numbers of sixteen bytes and of eight, and a list of people in one row.
write(
    "thap_phan.parquet",
    {
        "so_cccd": pa.array([decimal.Decimal(n) for n in numbers], pa.decimal128(20, 0)),
        "luong": pa.array([decimal.Decimal(-1050) / 100] * N, pa.decimal128(9, 2)),
        "ho_ten": names,
    },
    store_decimal_as_integer=False,
)
write(
    "danh_sach.parquet",
    {
        "d": pa.array([
            [{"ho_ten": name, "so_cccd": n, "sdt": None if i % 3 else "091234567%d" % (i % 10)}
             for i, (name, n) in enumerate(zip(names, numbers))]
        ]),
        "noi": ["Hà Nội"],
    },
)
