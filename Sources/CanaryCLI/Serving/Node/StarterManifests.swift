// SPDX-License-Identifier: Apache-2.0

/// The manifests that `up --init` writes: two versions of a Service, the split between them, and an autoscaler. Their program is in
/// the manifests themselves, and needs nothing but python3, so that they run wherever they are put.
enum StarterManifests {
    static let usualDirectory = "canary"

    static let files: [(name: String, text: String)] = [
        ("service.yaml", service), ("deployments.yaml", deployment("v1") + "---\n" + deployment("v2")),
        ("destinationrule.yaml", destinationRule), ("virtualservice.yaml", virtualService),
        ("autoscaler.yaml", autoscaler),
    ]

    private static let service = """
        # All pods with the label app: hello, whatever their version.
        apiVersion: v1
        kind: Service
        metadata:
          name: hello
        spec:
          selector:
            app: hello
          ports:
            - name: http
              port: 80
              targetPort: 8080

        """

    private static func deployment(_ version: String) -> String {
        """
        # The pods of version \(version). Put your program in the place of the command: it is to listen at $PORT.
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: hello-\(version)
        spec:
          selector:
            matchLabels:
              app: hello
              version: \(version)
          template:
            metadata:
              labels:
                app: hello
                version: \(version)
            spec:
              containers:
                - name: hello
                  image: hello:\(version)
                  command: ["python3", "-u", "-c"]
                  args:
                    - |
                      import http.server, os
                      class Hello(http.server.BaseHTTPRequestHandler):
                          protocol_version = "HTTP/1.1"
                          def do_GET(self):
                              text = f"hello from {os.environ['VERSION']}\\n".encode()
                              self.send_response(200)
                              self.send_header("Content-Length", str(len(text)))
                              self.end_headers()
                              self.wfile.write(text)
                      http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Hello).serve_forever()
                  env:
                    - name: VERSION
                      value: \(version)
                  ports:
                    - containerPort: 8080
                  readinessProbe:
                    httpGet:
                      path: /
                      port: 8080
                    periodSeconds: 1
                  resources:
                    requests:
                      cpu: 100m

        """
    }

    private static let destinationRule = """
        # What the split calls its parts. Without it v1 and v2 mean values of the label version, which Istio does not know.
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata:
          name: hello
        spec:
          host: hello
          subsets:
            - name: v1
              labels:
                version: v1
            - name: v2
              labels:
                version: v2

        """

    private static let virtualService = """
        # Nine requests of ten go to v1. canaryctl set-weight hello v2 50 changes that, and canaryctl rollout start hello v2 does it step by step
        # while v2 holds up.
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata:
          name: hello
        spec:
          hosts:
            - hello
          http:
            - route:
                - destination:
                    host: hello
                    subset: v1
                  weight: 90
                - destination:
                    host: hello
                    subset: v2
                  weight: 10

        """

    private static let autoscaler = """
        # v1 has as many replicas as its load asks for, whatever the split is.
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: hello-v1
        spec:
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: hello-v1
          minReplicas: 1
          maxReplicas: 4
          metrics:
            - type: Resource
              resource:
                name: cpu
                target:
                  type: Utilization
                  averageUtilization: 50

        """
}
