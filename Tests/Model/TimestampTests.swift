internal import CordonModel
internal import Testing

@Suite("Instants and durations")
struct TimestampTests {
    @Test(
        "RFC 3339 text is read to the microsecond",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000001Z", 1), ("1969-12-31T23:59:59.999999Z", -1),
            ("2026-11-21T01:09:00.123Z", 1_795_223_340_123_000), ("2026-11-21t01:09:00z", 1_795_223_340_000_000),
            ("2026-11-21T02:39:00+01:30", 1_795_223_340_000_000), ("2026-11-20T20:09:00-05:00", 1_795_223_340_000_000),
            ("2026-11-21T01:09:00.1234567899Z", 1_795_223_340_123_456), ("2000-02-29T00:00:00Z", 951_782_400_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000), ("0000-01-01T00:00:00Z", -62_167_219_200_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ])
    func reading(_ text: String, _ microseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
    }

    @Test(
        "what is no RFC 3339 time is not guessed at",
        arguments: [
            "", "2026", "2026-11-21", "2026-11-21 01:09:00Z", "2026-11-21T01:09:00", "2026-11-21T01:09Z",
            "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00ZZ", "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.00000000000000000000000000000000000000000000Z",
            "２026-01-01T00:00:00Z",
        ])
    func refusing(_ text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(
        "text and instant are each other's inverse",
        arguments: [0, 1, -1, 951_782_399_999_999, 1_795_223_340_123_456, -2_208_988_800_000_000])
    func roundTrip(_ microseconds: Int64) {
        let instant = Timestamp(microseconds: microseconds)
        #expect(Timestamp(rfc3339: instant.rfc3339(fractionDigits: 6)) == instant)
    }

    @Test("fractions are cut off, not rounded")
    func fractions() {
        let instant = Timestamp(microseconds: 1_999_999)
        #expect(instant.rfc3339(fractionDigits: 0) == "1970-01-01T00:00:01Z")
        #expect(instant.description == "1970-01-01T00:00:01.999Z")
        #expect(Timestamp(microseconds: -1).description == "1969-12-31T23:59:59.999Z")
    }

    @Test("instants that a hostile peer can send are written, added and divided without a trap")
    func extremes() {
        let first = Timestamp(microseconds: .min)
        let last = Timestamp(microseconds: .max)
        #expect(first.description == "0000-01-01T00:00:00.000Z")
        #expect(last.description == "9999-12-31T23:59:59.999Z")
        #expect(last + .seconds(1) == last && first - .seconds(1) == first)
        #expect(first + .seconds(-1) == first && last - .seconds(-1) == last)
        #expect(last - first == .microseconds(Int64.max) && first - last == .microseconds(Int64.min))
        #expect(Timestamp(seconds: .max) == last && Timestamp(seconds: .min) == first)
        #expect(first.seconds == -9_223_372_036_855 && Timestamp(microseconds: -1).seconds == -1)
        #expect(Timestamp(microseconds: -1).milliseconds == -1)
        #expect(Duration.seconds(Int64.max).microseconds == .max && Duration.seconds(Int64.min).microseconds == .min)
    }

    @Test("every day of four centuries has its number, and the number its day")
    func calendar() throws {
        var expected = try #require(CivilDay(year: 1800, month: 1, day: 1)).daysSinceEpoch
        for year in Int64(1800)...2200 {
            for month in Int64(1)...12 {
                for day in Int64(1)...31 {
                    guard let civil = CivilDay(year: year, month: month, day: day) else { continue }
                    #expect(civil.daysSinceEpoch == expected && CivilDay(daysSinceEpoch: expected) == civil)
                    expected += 1
                }
            }
        }
        #expect(CivilDay(year: 1900, month: 2, day: 29) == nil && CivilDay(year: 2000, month: 2, day: 29) != nil)
    }

    @Test(
        "durations are read and written with one unit",
        arguments: [
            ("0s", 0, "0s"), ("30s", 30, "30s"), ("90s", 90, "90s"), ("60s", 60, "1m"), ("15m", 900, "15m"),
            ("24h", 86_400, "1d"), ("25h", 90_000, "25h"), ("30d", 2_592_000, "30d"),
            ("36500d", 3_153_600_000, "36500d"),
        ])
    func durations(_ text: String, _ seconds: Int64, _ spelled: String) {
        let duration = Duration(spelled: text)
        #expect(duration == .seconds(seconds))
        #expect(duration?.spelled == spelled)
    }

    @Test(
        "other durations are not guessed at",
        arguments: [
            "", "s", "30", "-1s", "-0s", "+1s", "1.5h", "1h30m", " 1s", "1 s", "1S", "1w", "36501d",
            "99999999999999999999s", "1s\n",
        ])
    func badDurations(_ text: String) {
        #expect(Duration(spelled: text) == nil)
    }
}
