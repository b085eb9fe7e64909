#include "app/importing/rows.h"

#include <gtest/gtest.h>

#include <fstream>

namespace muster::app {

namespace {

class RowFile : public testing::Test {
  protected:
    void TearDown() override { std::filesystem::remove(path_); }

    void write(std::string_view content) { std::ofstream(path_, std::ios::binary) << content; }

    std::vector<Row> read(RowFormat format, const RowPosition& from = {}) {
        auto reader = RowReader::open(path_, format, from);
        EXPECT_TRUE(reader) << reader.error().detail;
        std::vector<Row> rows;
        while (auto row = reader->next()) {
            if (!*row) {
                return rows;
            }
            rows.push_back(std::move(**row));
        }
        ADD_FAILURE() << "the file cannot be read on";
        return rows;
    }

    std::string mistake(RowFormat format) {
        auto reader = RowReader::open(path_, format);
        if (!reader) {
            return reader.error().detail;
        }
        for (;;) {
            auto row = reader->next();
            if (!row) {
                return row.error().detail;
            }
            if (!*row) {
                return "";
            }
        }
    }

    std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                  (std::string("muster-rows-") +
                                   testing::UnitTest::GetInstance()->current_test_info()->name());
};

std::string text_of(const Row& row) {
    return row.enrollment ? to_text(*row.enrollment) : "error: " + row.enrollment.error().detail;
}

TEST_F(RowFile, ReadsNdjsonWithItsLines) {
    write("{\"registrationId\":\"a\"}\n\n  \r\n{\"registrationId\":\"b\"}\r\nnot json\n{}");
    const auto rows = read(RowFormat::ndjson);
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(text_of(rows[0]), R"({"registrationId":"a"})");
    EXPECT_EQ(rows[1].line, 4);
    EXPECT_EQ(text_of(rows[1]), R"({"registrationId":"b"})");
    EXPECT_FALSE(rows[2].enrollment);
    EXPECT_EQ(rows[3].line, 6);
}

TEST_F(RowFile, GoesOnWhereItStopped) {
    write("registrationId,deviceId\na,1\nb,\"2\n2\"\nc,3\n");
    const auto rows = read(RowFormat::csv);
    ASSERT_EQ(rows.size(), 3U);
    const auto rest = read(RowFormat::csv, {.offset = rows[1].offset, .line = 5});
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].line, 5);
    EXPECT_EQ(text_of(rest[0]), text_of(rows[2]));
}

TEST_F(RowFile, ReadsCsvOfSpreadsheets) {
    write("\xef\xbb\xbfregistrationId,primaryKey,tags.site,tags.floor.no,desired.on,iotHubs\r\n"
          "dev-1,a2V5,\"west, \"\"new\"\"\",3,true,a.example.net;b.example.net\r\n"
          "dev-2,,,,,\r\n");
    const auto rows = read(RowFormat::csv);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(text_of(rows[0]),
              R"({"registrationId":"dev-1","iotHubs":["a.example.net","b.example.net"],)"
              R"("attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":"a2V5"}},)"
              R"("initialTwin":{"tags":{"site":"west, \"new\"","floor":{"no":3}},)"
              R"("properties":{"desired":{"on":true}}}})");
    EXPECT_EQ(text_of(rows[1]), R"({"registrationId":"dev-2",)"
                                R"("attestation":{"type":"symmetricKey","symmetricKey":{}}})");
}

TEST_F(RowFile, ACertificateMakesItX509) {
    write("registrationId,certificate,primaryKey\na,\"line\nline\",\nb,x,y\n");
    const auto rows = read(RowFormat::csv);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(text_of(rows[0]),
              R"({"registrationId":"a","attestation":{"type":"x509","x509":)"
              R"({"clientCertificates":{"primary":{"certificate":"line\nline"}}}}})");
    EXPECT_EQ(text_of(rows[1]), "error: a row has either keys or certificates");
    EXPECT_EQ(rows[1].line, 4);
}

TEST_F(RowFile, ARowOfTheWrongLengthIsRefusedAlone) {
    write("registrationId,deviceId\na\nb,2\nc,3,4\n\"d\"x,1\n");
    const auto rows = read(RowFormat::csv);
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(text_of(rows[0]), "error: 1 fields where the header has 2");
    EXPECT_TRUE(rows[1].enrollment);
    EXPECT_FALSE(rows[2].enrollment);
    EXPECT_EQ(text_of(rows[3]), "error: a stray quote in column 1");
}

TEST_F(RowFile, RefusesHeadersThatCannotBe) {
    write("");
    EXPECT_NE(mistake(RowFormat::csv).find("empty"), std::string::npos);
    write("deviceId\n");
    EXPECT_NE(mistake(RowFormat::csv).find("registrationId"), std::string::npos);
    write("registrationId,colour\n");
    EXPECT_EQ(mistake(RowFormat::csv), "unknown column 'colour'");
    write("registrationId,registrationId\n");
    EXPECT_NE(mistake(RowFormat::csv).find("twice"), std::string::npos);
}

TEST_F(RowFile, BoundsARow) {
    write("registrationId\n\"" + std::string(row_bytes_max, 'x'));
    EXPECT_NE(mistake(RowFormat::csv).find("longer"), std::string::npos);
    write("registrationId\n\"abc\n");
    EXPECT_EQ(mistake(RowFormat::csv), "the quote in the row at line 2 never ends");
    write("{\"x\":\"" + std::string(row_bytes_max, 'x') + "\"}\n");
    EXPECT_NE(mistake(RowFormat::ndjson).find("longer"), std::string::npos);
}

TEST_F(RowFile, AFileThatIsNotThereIsSaidSo) {
    EXPECT_NE(mistake(RowFormat::ndjson).find("cannot read"), std::string::npos);
}

} // namespace

} // namespace muster::app
