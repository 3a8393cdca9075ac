// SPDX-License-Identifier: Apache-2.0

/// What users of kubectl, istioctl and other neighbours type, and what it is called here. No edit distance finds these.
enum ForeignWords {
    static func hint(command: String) -> String? {
        commands[command]
    }

    /// - Parameter command: the words of the command: `canaryctl get`.
    static func hint(option: String, of command: String) -> String? {
        let name = String(option.prefix { $0 != "=" })
        if name == "--all", command.hasSuffix(" delete") {
            return "canaryctl delete namespace NAME removes everything in it, -l SELECTOR what has a label"
        }
        return options[name]
    }

    /// Every hint.
    static var all: [String] { options.values.sorted() + commands.values.sorted() }

    private static let options = [
        "--file": "files are given with -f",
        "--files": "files are given with -f, which may be repeated",
        "--all": "canaryctl get all shows everything of the namespace, -A all namespaces",
        "--force":
            "nothing needs force here: changes are whole or not at all, and canaryctl undo takes them back",
        "--context": "there are no clusters to choose from: --store says which store is meant",
        "--kubeconfig": "there are no clusters to choose from: --store says which store is meant",
        "--weight": "canaryctl set-weight HOST VERSION WEIGHT takes the weight as an argument",
        "--message": "--reason says why a change is made",
        "--yes": "nothing asks here: --dry-run=server shows what would change",
        "--tail": "canaryctl history HOST --limit N lists the last changes",
        "--record": "--reason TEXT is kept in the history",
        "--kustomize": "kustomize build DIR | canaryctl apply -f -",
        "-k": "kustomize build DIR | canaryctl apply -f -",
        "--field-selector": "objects are chosen by their names, and by labels with -l SELECTOR",
        "-L": "--show-labels adds a column with all labels, -o custom-columns=TITLE:PATH others",
        "--label-columns": "--show-labels adds a column with all labels, -o custom-columns=TITLE:PATH others",
        "--show-managed-fields": "fields of a server, as managedFields, are not kept",
        "--watch-only": "-w prints what is there, and then each change",
        "--revision":
            "canaryctl undo HOST --to-revision N goes back to one, canaryctl history HOST lists them",
        "--server-side": "apply replaces whole objects; nobody else manages fields of them",
        "--save-config": "apply replaces whole objects, and needs no copy of what was applied",
        "--cascade": "nothing belongs to another object here, but everything to its namespace",
        "--client": "there is no server: canaryctl version says all",
        "--all-containers": "all containers are shown, unless -c names one",
        "--since": "--tail N shows the last lines, --timestamps when each was written",
        "--since-time": "--tail N shows the last lines, --timestamps when each was written",
        "--prefix": "each line begins with the pod's name where there are several",
        "--replicas": "canaryctl scale deployment/NAME --replicas N changes them",
    ]

    private static let inPod =
        "pods are processes of this machine: canaryctl status tells their process ids and addresses"

    private static let commands = [
        "analyze": "did you mean \"canaryctl validate\"?",
        "lint": "did you mean \"canaryctl validate\"?",
        "check": "did you mean \"canaryctl validate\"?",
        "edit": "canaryctl get KIND/NAME -o yaml, change it, and canaryctl replace -f FILE",
        "patch": "canaryctl get KIND/NAME -o yaml, change it, and canaryctl replace -f FILE",
        "label": "labels are in the manifests: change them, and canaryctl apply -f FILE",
        "annotate": "annotations are in the manifests: change them, and canaryctl apply -f FILE",
        "list": "did you mean \"canaryctl get\"?",
        "ls": "did you mean \"canaryctl get\"?",
        "show": "did you mean \"canaryctl describe\"?",
        "rm": "did you mean \"canaryctl delete\"?",
        "remove": "did you mean \"canaryctl delete\"?",
        "rollback": "did you mean \"canaryctl undo\"?",
        "revert": "did you mean \"canaryctl undo\"?",
        "rollout":
            "canaryctl set-weight moves traffic, canaryctl undo takes it back, canaryctl history lists changes",
        "promote": "canaryctl set-weight HOST VERSION 100 gives a version all traffic",
        "start": "canaryctl proxy --detach starts a proxy",
        "run":
            "canaryctl up runs the store's Deployments and a proxy, canaryctl register adds what runs already",
        "stop": "did you mean \"canaryctl down\"?",
        "ps": "did you mean \"canaryctl status\"?",
        "config": "there are no clusters to choose from: --store says which store is meant",
        "cluster-info":
            "there is no cluster: canaryctl proxy-status lists the proxies, canaryctl describe the hosts",
        "api-resources": "canaryctl get names the kinds; man canaryctl-manifest describes them",
        "expose": "canaryctl create -f FILE makes a Service, canaryctl register adds its endpoints",
        "port-forward": "canaryctl proxy --listen ADDRESS serves requests there",
        "top":
            "canaryctl describe HOST shows what is observed of each version, canaryctl get hpa what autoscalers measure",
        "exec": inPod,
        "attach": inPod,
        "cp": inPod,
        "debug": inPod,
        "restart": "canaryctl rollout restart deployment/NAME replaces the pods of a Deployment",
        "kustomize": "kustomize build DIR | canaryctl apply -f -",
        "install": "nothing needs to be installed: canaryctl create -f FILE makes the store",
        "init": "nothing needs to be made first: canaryctl create -f FILE makes the store",
        "curl": "canaryctl explain METHOD URL tells which route a request takes",
        "route": "canaryctl explain METHOD URL tells which route a request takes",
    ]
}
