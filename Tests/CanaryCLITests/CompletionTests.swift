// SPDX-License-Identifier: Apache-2.0

import CanarySystem
import CanaryResources
import CanaryTestSupport
import Testing

@testable import CanaryCLI

/// What is offered at a place of the command line, asked as the shells' scripts ask.
@Suite struct CompletionTests {
    private let scratch: ScratchDirectory

    init() throws {
        scratch = try ScratchDirectory()
        let created = try run("create", "-f", "\(Scene.root)/examples/helloworld")
        try #require(created.status == .success, "\(created.errors)")
    }

    private typealias Ended = (status: CanaryCLI.ExitStatus, output: String, errors: String)

    private func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Ended {
        let world = TestWorld(directory: scratch.path, environment: environment)
        let status = CommandLineRunner.run(arguments, in: world.context)
        return (status, world.output, world.errors)
    }

    /// Asks for the last of some words. `argument` is `positional@0`, or an option's name.
    private func offers(
        _ argument: String,
        _ words: String...,
        environment: [String: String] = [:]
    ) throws -> [String] {
        let line = ["canaryctl"] + words
        let asked = [
            "---completion", words[0], "--", argument, "\(words.count)", "\(words.last?.count ?? 0)",
        ]
        let world = TestWorld(directory: scratch.path, environment: environment)
        #expect(CommandLineRunner.run(asked + line, in: world.context) == .success)
        #expect(world.errors.isEmpty)
        return world.output.split(separator: "\n").map(String.init)
    }

    @Test func `kinds, names, and both in one word`() throws {
        #expect(try offers("positional@0", "get", "").contains("virtualservices"))
        #expect(try offers("positional@0", "get", "").contains("all"))
        #expect(try !offers("positional@0", "delete", "").contains("all"))
        #expect(try offers("positional@0", "get", "svc,dep").contains("svc,deployments"))
        #expect(try offers("positional@0", "get", "deploy", "") == ["helloworld-v1", "helloworld-v2"])
        #expect(try offers("positional@0", "get", "deploy", "helloworld-v1", "") == ["helloworld-v2"])
        #expect(try offers("positional@0", "get", "vs/hel") == ["vs/helloworld"])
        #expect(try offers("positional@0", "describe", "vs", "") == ["helloworld"])
    }

    @Test func `Deployments, as commands about them name them`() throws {
        let both = ["deployment/helloworld-v1", "deployment/helloworld-v2"]
        #expect(try offers("positional@0", "scale", "") == both)
        #expect(try offers("positional@0", "scale", both[0], "") == [both[1]])
        #expect(try offers("positional@0", "scale", "deploy", "") == ["helloworld-v1", "helloworld-v2"])
        #expect(
            try offers("positional@0", "autoscale", "deploy/") == [
                "deploy/helloworld-v1", "deploy/helloworld-v2",
            ]
        )
    }

    /// The parser keeps the shell of the last script in a variable of the process.
    @Test func `an answer has the form of the shell that asks, whichever script was made before`() throws {
        _ = try run("completion", "zsh")
        #expect(try offers("positional@0", "describe", "vs", "") == ["helloworld"])
        _ = try run("completion", "fish")
        let zsh = try offers("positional@0", "describe", "vs", "", environment: ["SAP_SHELL": "zsh"])
        #expect(zsh == ["helloworld", " "])
    }

    @Test func `hosts as people type them, by namespace`() throws {
        let service =
            "{apiVersion: v1, kind: Service, metadata: {name: cart, namespace: shop}, spec: {ports: [{port: 80}]}}"
        try scratch.write(service, to: "cart.yaml")
        #expect(try run("create", "-f", "cart.yaml").status == .success)
        #expect(try offers("positional@0", "describe", "") == ["cart.shop", "helloworld"])
        #expect(try offers("positional@0", "history", "helloworld.") == ["cart.shop", "helloworld.default"])
        #expect(try offers("positional@0", "undo", "-n", "shop", "") == ["cart", "helloworld.default"])
        #expect(try offers("positional@0", "undo", "-nshop", "") == ["cart", "helloworld.default"])
        #expect(try offers("positional@0", "undo", "--namespace", "=", "shop", "").first == "cart")
        #expect(
            try offers("positional@0", "get", "svc", "", environment: ["CANARYCTL_NAMESPACE": "shop"]) == [
                "cart"
            ]
        )
        #expect(try offers("--namespace", "get", "-n", "") == ["default", "shop"])
        #expect(try offers("positional@0", "undo", "helloworld", "").isEmpty)
    }

    @Test func `versions, routes and revisions of the host before`() throws {
        #expect(try offers("positional@1", "set-weight", "helloworld", "") == ["v1", "v2"])
        #expect(
            try offers("positional@1", "set-weight", "--reason", "x y", "helloworld", "") == ["v1", "v2"]
        )
        #expect(try offers("positional@1", "set-weight", "helloworld", "v1", "").isEmpty)
        #expect(try offers("positional@1", "set-weight", "helloworld", "v1", "=", "90", "") == ["v2"])
        #expect(try offers("positional@1", "set-weight", "nobody", "").isEmpty)
        #expect(try offers("--route", "set-weight", "helloworld", "v2", "10", "--route", "") == ["0"])
        #expect(try run("set-weight", "helloworld", "v2", "50").status == .success)
        #expect(try offers("--to-revision", "undo", "helloworld", "--to-revision", "") == ["2", "1"])
    }

    @Test func `endpoints of a Service, and requests`() throws {
        for address in ["127.0.0.1:9081", "[::1]:9081"] {
            #expect(
                try run("register", "helloworld", address, "-l", "version=v1").status == .success
            )
        }
        let service = ["deregister", "helloworld", ""]
        #expect(try offers("positional@1", service[0], service[1], service[2]) == ["127.0.0.1:9081"])
        let zsh = ["SAP_SHELL": "zsh"]
        #expect(
            try offers("positional@1", "deregister", "helloworld", "", environment: zsh) == [
                "127.0.0.1\\:9081", " ",
            ]
        )
        #expect(try offers("positional@1", "deregister", "nobody", "").isEmpty)
        #expect(try offers("positional@0", "explain", "").suffix(1) == ["helloworld/"])
        #expect(try offers("positional@0", "explain", "").first == "GET")
        #expect(try offers("positional@0", "explain", "GET", "") == ["helloworld/"])
        #expect(try offers("positional@0", "explain", "GET", "http://h") == ["http://helloworld/"])
        #expect(try offers("positional@0", "explain", "helloworld/", "").isEmpty)
    }

    @Test func `topics, commands and the codes of rules`() throws {
        let topics = try offers("positional@0", "help", "")
        #expect(topics.contains("rule") && topics.contains("set-weight"))
        let codes = try offers("positional@0", "help", "rule", "")
        #expect(codes.contains("IST0101") && codes.contains { $0.hasPrefix("CAN") })
    }

    @Test func `a store is found as the command would find it, and none is made`() throws {
        let elsewhere = scratch.path("elsewhere")
        let none = ["CANARYCTL_STORE": elsewhere]
        #expect(try offers("positional@0", "describe", "", environment: none).isEmpty)
        #expect(FileReader.type(of: elsewhere).isMissing)
        let stored = scratch.path("store")
        let home = none.merging(["HOME": scratch.path, "PLACE": stored]) { $1 }
        for word in [stored, "'\(stored)'", "\"\(stored)\"", "~/store", "$PLACE", "\"${PLACE}\""] {
            #expect(
                try offers("positional@0", "describe", "--store", word, "", environment: home) == [
                    "helloworld"
                ]
            )
        }
        #expect(
            try offers("positional@0", "describe", "--store", "=", stored, "", environment: none) == [
                "helloworld"
            ]
        )
    }

    @Test func `what cannot be completed says nothing`() throws {
        try scratch.write("no database", to: "foreign/cluster.db")
        let foreign = ["CANARYCTL_STORE": scratch.path("foreign")]
        #expect(try offers("positional@0", "describe", "", environment: foreign).isEmpty)
        #expect(try offers("positional@0", "get", "-n", "No Name", "deploy", "").isEmpty)
        #expect(try offers("positional@9", "get", "").isEmpty)
        #expect(try run("---completion").status == .success)
        #expect(try run("---completion", "nothing", "--", "positional@0").errors.isEmpty)
    }

    @Test func `names that a shell would act on are not offered`() throws {
        let route =
            "name: '$(touch pwned)', match: [{uri: {prefix: /a}}], route: [{destination: {host: helloworld}}]"
        let plain = "name: plain, route: [{destination: {host: helloworld}}]"
        let object = """
            {apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: helloworld},
             spec: {hosts: [helloworld], http: [{\(route)}, {\(plain)}]}}
            """
        try scratch.write(object, to: "vs.yaml")
        #expect(try run("apply", "-f", "vs.yaml").status == .success)
        #expect(
            try offers("--route", "set-weight", "helloworld", "v2", "10", "--route", "") == ["0", "plain"]
        )
        for word in ["$(x)", "`x`", "a b", "a;b", "a\nb", "-rf", "~", "{a,b}", "a'b", "", "a:b"] {
            #expect(!ShellWord.isPlain(word))
        }
    }

    @Test func `the line's flags are those of the parser`() throws {
        let dump = try JSONReader.read(try run("--experimental-dump-help").output)
        for command in dump["command"]?["subcommands"]?.items ?? [] {
            for argument in command["arguments"]?.items ?? [] {
                for name in argument["names"]?.items ?? [] where name["kind"]?.string != "longWithSingleDash"
                {
                    let text = (name["kind"]?.string == "long" ? "--" : "-") + (name["name"]?.string ?? "")
                    #expect(
                        CompletedLine.isFlag(text, of: command["commandName"]?.string)
                            == (argument["kind"]?.string == "flag"),
                        "\(text)"
                    )
                }
            }
        }
    }

    @Test func `values may stand behind "="`() throws {
        let zsh = try run("completion", "zsh").output
        #expect(zsh.contains("'--route=[") && zsh.contains("{-n,--namespace=}'["))
        #expect(!zsh.contains("--verbose=") && !zsh.contains("--detach="))
        let bash = try run("completion", "bash").output
        #expect(bash.contains("COMP_WORDS[COMP_CWORD - 2]"))
        #expect(!bash.contains("local -a unparsed_words=(\"${COMP_WORDS"))
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func `a script defines each function once`(_ shell: String)
        throws
    {
        let script = try run("completion", shell).output
        let functions = script.split(separator: "\n").filter {
            $0.hasSuffix("() {") || $0.hasPrefix("function ")
        }
        #expect(functions.count > 3)
        #expect(Set(functions).count == functions.count)
        #expect(!script.contains("Show subcommand help information."))
    }
}

extension Result {
    fileprivate var isMissing: Bool { if case .failure = self { true } else { false } }
}
