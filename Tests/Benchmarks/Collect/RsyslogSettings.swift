/// rsyslog's settings for each leg.
struct RsyslogSettings {
    /// A folder for all of it.
    let place: String
    /// Of the receiver.
    let port: Int

    /// Two bytes for each line that came through.
    var output: String { "\(place)/received" }

    private var certificate: String { "\(place)/cert.pem" }
    private var key: String { "\(place)/key.pem" }

    func makeCertificate() throws {
        try Shell.run([
            "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", "/CN=bench", "-addext", "subjectAltName=DNS:bench,IP:127.0.0.1", "-keyout", key, "-out",
            certificate,
            "-batch",
        ])
    }

    func sender(_ source: String, _ input: String, _ leg: Rsyslog.Leg) -> String {
        queue("sender") + reading(source, input) + (leg == .local ? file : forward(leg))
    }

    func receiver(_ leg: Rsyslog.Leg) -> String {
        let input =
            leg == .relp
            ? """
            module(load="imrelp" tls.tlslib="openssl")
            input(type="imrelp" address="127.0.0.1" port="\(port)" tls="on" tls.caCert="\(certificate)"
              tls.myCert="\(certificate)" tls.myPrivKey="\(key)" tls.authMode="certvalid")

            """
            : """
            module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
            input(type="imtcp" address="127.0.0.1" port="\(port)")

            """
        return queue("receiver") + input + file
    }

    /// As much at once as our agent keeps at once, then synced.
    private func queue(_ name: String) -> String {
        """
        global(workDirectory="\(place)/\(name)" DefaultNetstreamDriver="ossl"
          DefaultNetstreamDriverCAFile="\(certificate)" DefaultNetstreamDriverCertFile="\(certificate)"
          DefaultNetstreamDriverKeyFile="\(key)")
        main_queue(queue.type="disk" queue.filename="main" queue.syncqueuefiles="on" queue.checkpointinterval="2048"
          queue.dequeuebatchsize="2048" queue.maxdiskspace="8g" queue.size="10000000")
        template(name="mark" type="string" string="x\\n")

        """
    }

    private func reading(_ source: String, _ input: String) -> String {
        if source == "file" {
            return """
                module(load="imfile")
                input(type="imfile" file="\(input)" tag="bench" freshStartTail="off" PersistStateInterval="2048")

                """
        }
        return """
            module(load="imjournal" StateFile="state" Ratelimit.Interval="0" IgnorePreviousMessages="off"
              PersistStateInterval="2048")

            """
    }

    private var file: String {
        "action(type=\"omfile\" file=\"\(output)\" template=\"mark\" sync=\"on\" flushOnTXEnd=\"on\")\n"
    }

    private func forward(_ leg: Rsyslog.Leg) -> String {
        leg == .relp
            ? """
            module(load="omrelp" tls.tlslib="openssl")
            action(type="omrelp" target="127.0.0.1" port="\(port)" tls="on" tls.caCert="\(certificate)"
              tls.myCert="\(certificate)" tls.myPrivKey="\(key)" tls.authMode="certvalid" windowSize="2048"
              action.resumeRetryCount="-1")

            """
            : """
            action(type="omfwd" target="127.0.0.1" port="\(port)" protocol="tcp" StreamDriver="ossl" StreamDriverMode="1"
              StreamDriverAuthMode="anon" action.resumeRetryCount="-1")

            """
    }
}
