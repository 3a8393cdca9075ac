// SPDX-License-Identifier: Apache-2.0

/// Pages of `canaryctl help` that belong to no command.
enum HelpTopic: String, CaseIterable {
    case environment
    case exitStatus = "exit-status"
    case hosts
    case manifests
    case rule

    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// The page, for a terminal of a number of columns.
    func text(columns: Int) -> String {
        switch self {
        case .environment: Self.environmentText
        case .exitStatus: Self.exitStatusText
        case .hosts: Self.hostsText
        case .manifests: Self.manifestsText
        case .rule: RulePage.index(columns: columns)
        }
    }

    private static let environmentText = """
        CANARYCTL_STORE      the directory of the cluster store, where --store is not given
        CANARYCTL_NAMESPACE  the namespace, where -n is not given; else "default"
        XDG_STATE_HOME       its subdirectory canaryctl is the store, where neither of the above is given
                             (~/.local/state/canaryctl without it)
        NO_COLOR             when set and not empty, nothing is coloured unless --color always is given
        TERM                 "dumb" has the same effect
        COLUMNS              the width that help is wrapped to and lines of manifests are cut to, where it
                             is not the terminal's
        SUDO_USER, USER, LOGNAME
                             the first of them that is set is recorded as the author of changes

        """

    private static let exitStatusText = """
          0  done; also when the reader of standard output went away
          1  failed: not found, exists already, stale, store full, read-only or corrupt, a file missing
         64  the command line is wrong
         65  manifests or tests are invalid; nothing was changed
         70  a bug in canaryctl
         75  the store is busy; trying again is safe
        124  --timeout or --wait ran out
        130  interrupted

        diff: 0 nothing differs, 1 something differs, 2 it could not compare.
        When several apply, the first of 64, 70, 65, 75, 1. The status never depends on -o.

        """

    private static let hostsText = """
        A host is what a request asks for. "helloworld" is the Service helloworld of the namespace (-n), and
        the same as helloworld.default, helloworld.default.svc and helloworld.default.svc.cluster.local. Any
        other name with a dot is taken as it is: bookinfo.example.com, and example.com where an object names
        this host.

        A version of a host is a subset of a DestinationRule, or else a value of the label "version" of its
        Deployments, pods and WorkloadEntries.

        """

    private static let manifestsText = """
        Manifests are YAML or JSON as for kubectl: several documents in one file, lists, anchors. -f takes a
        file, a directory (its *.yaml, *.yml and *.json, in name order; -R those below it too) or - for
        standard input, and may be repeated:

            cat <<EOF | canaryctl create -f -
            apiVersion: v1
            kind: Namespace
            metadata:
              name: shop
            EOF

        All documents of a run are taken, or none. Unknown and repeated fields are errors unless
        --validate=warn or --validate=ignore is given.

        """
}
