internal import CordonModel
internal import Logging
internal import ServiceLifecycle

extension Fleet: Service {
    /// Keeps the house until the group shuts down: tells the hooks, gives up orders whose time is up, writes presence
    /// down, renews the controller's certificate and reloads it when its files change.
    package func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskGroup { group in
                group.addTask { await self.tellHooks() }
                group.addTask { await cancelWhenGracefulShutdown { await self.keepHouse() } }
                await group.waitForAll()
            }
        } onGracefulShutdown: {
            self.newsFeed.finish()
        }
        // Not in the loop above: that is cancelled by now, and so would be its write.
        await writePresence(isEnd: true)
    }

    private func tellHooks() async {
        for await item in news {
            switch item {
            case .order(let record): await hooks.orderChanged(record)
            case .host(let record): await hooks.hostChanged(record)
            case .hunt(let id): await hooks.huntChanged(id)
            case .evidence(let evidence): await hooks.evidenceKept(evidence)
            case .upgrade(let id): await hooks.upgradeChanged(id)
            case .alarm(let alarm): await hooks.upgradeStopped(alarm)
            }
        }
    }

    private func keepHouse() async {
        var certificate = CertificateWatch(keys: keys)
        var keySet = FileWatch([keys.keySetFile])
        // It may have changed since it was loaded.
        var isKeySetDue = true
        // At the start and then each minute; the next second where more is due.
        var forgetsAfter = 0
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            await tick(&certificate)
            isKeySetDue = keySet.changed() || isKeySetDue
            if isKeySetDue { isKeySetDue = await !takesChangedKeySet() }
            forgetsAfter -= 1
            if forgetsAfter < 0 { forgetsAfter = await forgetsMore() ? 0 : 60 }
        }
    }

    private func forgetsMore() async -> Bool {
        var isMore = false
        do { isMore = try await forgetHunts() } catch { log.error("old hunts could not be forgotten: \(error)") }
        do { isMore = try await forgetEvidence() || isMore } catch {
            log.error("old evidence could not be forgotten: \(error)")
        }
        do { isMore = try await forgetRollouts() || isMore } catch {
            log.error("old upgrades could not be forgotten: \(error)")
        }
        return isMore
    }

    /// Whether that is done with: what cannot be written down now is tried again, what is no set for this fleet is not.
    private func takesChangedKeySet() async -> Bool {
        do {
            try await takeKeySet()
            return true
        } catch {
            log.error("the new set of order keys was not taken; the old one stays: \(error)")
            return error is FleetError
        }
    }

    private func tick(_ watch: inout CertificateWatch) async {
        do { try await sweepOrders() } catch { log.error("orders whose time is up could not be written: \(error)") }
        do { try await sweepHunts() } catch { log.error("hunts whose time is up could not be written: \(error)") }
        do { try await turnUpgrade() } catch { log.error("the upgrade could not be written: \(error)") }
        await writePresence()
        do {
            if try watch.changed(at: now) {
                try listenerCertificate.reload()
                log.notice("the controller's certificate was loaded anew")
            }
        } catch {
            log.error("the controller's certificate could not be loaded anew; the old one stays: \(error)")
        }
    }

    private func writePresence(isEnd: Bool = false) async {
        let hosts = registry.takeNews()
        let claims = registry.takeClaims(at: now, isEnd: isEnd)
        guard !hosts.isEmpty || !claims.isEmpty else { return }
        let instant = now
        do { try await hostStore.refresh(hosts, recording: claims.flatMap { $0.entries(at: instant) }) } catch {
            registry.giveBack(hosts, claims)
            // The last write comes after the loop was cancelled.
            guard !Task.isCancelled else { return }
            log.error("presence could not be written: \(error)")
        }
    }

    /// Reads the controller's certificate again now, as on SIGHUP; connections that are open keep theirs.
    package func reloadCertificate() throws { try listenerCertificate.reload() }
}
