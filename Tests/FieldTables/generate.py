#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the field tables that manifests are checked against.

    python3 -m venv venv && venv/bin/pip install kubernetes
    venv/bin/python Tests/FieldTables/generate.py            # writes Sources/CanaryRules/Schema/*Fields.swift
    venv/bin/python Tests/FieldTables/generate.py --check    # fails if those are not what it would write
    venv/bin/python Tests/FieldTables/generate.py --print kubernetes | istio | canaryctl

Kubernetes' kinds come from the models of PyPI's `kubernetes` package; what those do not say (the width of integers,
quantities, enumerations) is written below. Istio's kinds come from `istio-fields.json`, which lists every path of
Istio's CRDs with its constraints, and canaryctl's own from `canaryctl-fields.txt`, a table but for the types that it takes
from Istio's.

A table is one line a fact:

    @ KIND[/VERSION] TYPE        the type of a kind's objects
    TYPE                         the fields that follow belong to this type
     NAME[!] SHAPE [LIMIT...]    a field; `!` means required; the shape is `string`, `[]string`, `{}string`, `TYPE` ...
     ? NAME NAME ...             at most one of these fields may be given
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parent.parent / "Sources" / "CanaryRules" / "Schema"

ROOTS = [
    ("Service", "V1Service"), ("Deployment", "V1Deployment"), ("Pod", "V1Pod"), ("Endpoints", "V1Endpoints"),
    ("EndpointSlice", "V1EndpointSlice"), ("Namespace", "V1Namespace"), ("ConfigMap", "V1ConfigMap"),
    ("Secret", "V1Secret"), ("Node", "V1Node"), ("HorizontalPodAutoscaler", "V2HorizontalPodAutoscaler"),
    ("HorizontalPodAutoscaler/v1", "V1HorizontalPodAutoscaler"), ("StatefulSet", "V1StatefulSet"),
    ("DaemonSet", "V1DaemonSet"), ("ReplicaSet", "V1ReplicaSet"),
    ("ReplicationController", "V1ReplicationController"), ("Job", "V1Job"), ("CronJob", "V1CronJob"),
]

# Fields of type google.protobuf.Duration for which the CRDs have no rule: any length is one, and 0.
SPANS = {"budgetInterval", "idleTimeout", "ttl"}

# Written by the server, and ignored on input.
FREE = {"status", "managedFields"}

# Integers are 32 bits wide but for these (k8s.io/api).
WIDE = {
    "activeDeadlineSeconds", "deletionGracePeriodSeconds", "expirationSeconds", "fsGroup", "generation",
    "observedGeneration", "runAsGroup", "runAsUser", "startingDeadlineSeconds", "supplementalGroups",
    "terminationGracePeriodSeconds", "tolerationSeconds",
}

# Fields of type resource.Quantity, which the models call strings.
QUANTITIES = {
    "limits", "requests", "sizeLimit", "averageValue", "divisor", "overhead", "capacity", "tolerance",
    ("V2MetricTarget", "value"),
}

# Enumerations of k8s.io/api, by model and field. An empty string counts as not given.
ENUMS = {
    "V1ServiceSpec.type": "ClusterIP NodePort LoadBalancer ExternalName",
    "V1ServiceSpec.sessionAffinity": "None ClientIP",
    "V1ServiceSpec.externalTrafficPolicy": "Cluster Local",
    "V1ServiceSpec.internalTrafficPolicy": "Cluster Local",
    "V1ServiceSpec.ipFamilyPolicy": "SingleStack PreferDualStack RequireDualStack",
    "V1ServiceSpec.ipFamilies": "IPv4 IPv6",
    "V1ServicePort.protocol": "TCP UDP SCTP",
    "V1ContainerPort.protocol": "TCP UDP SCTP",
    "CoreV1EndpointPort.protocol": "TCP UDP SCTP",
    "DiscoveryV1EndpointPort.protocol": "TCP UDP SCTP",
    "V1EndpointSlice.addressType": "IPv4 IPv6 FQDN",
    "V1DeploymentStrategy.type": "Recreate RollingUpdate",
    "V1PodSpec.restartPolicy": "Always OnFailure Never",
    "V1PodSpec.dnsPolicy": "ClusterFirstWithHostNet ClusterFirst Default None",
    "V1PodSpec.preemptionPolicy": "PreemptLowerPriority Never",
    "V1PodOS.name": "linux windows",
    "V1Container.imagePullPolicy": "Always IfNotPresent Never",
    "V1Container.terminationMessagePolicy": "File FallbackToLogsOnError",
    "V1EphemeralContainer.imagePullPolicy": "Always IfNotPresent Never",
    "V1EphemeralContainer.terminationMessagePolicy": "File FallbackToLogsOnError",
    "V1HTTPGetAction.scheme": "HTTP HTTPS",
    "V1Taint.effect": "NoSchedule PreferNoSchedule NoExecute",
    "V1Toleration.operator": "Exists Equal Lt Gt",
    "V1Toleration.effect": "NoSchedule PreferNoSchedule NoExecute",
    "V1NodeSelectorRequirement.operator": "In NotIn Exists DoesNotExist Gt Lt",
    "V1LabelSelectorRequirement.operator": "In NotIn Exists DoesNotExist",
    "V1TopologySpreadConstraint.whenUnsatisfiable": "DoNotSchedule ScheduleAnyway",
    "V1TopologySpreadConstraint.nodeAffinityPolicy": "Honor Ignore",
    "V1TopologySpreadConstraint.nodeTaintsPolicy": "Honor Ignore",
    "V1SeccompProfile.type": "Localhost RuntimeDefault Unconfined",
    "V1AppArmorProfile.type": "Localhost RuntimeDefault Unconfined",
    "V1VolumeMount.mountPropagation": "None HostToContainer Bidirectional",
    "V2MetricSpec.type": "Object Pods Resource ContainerResource External",
    "V2MetricTarget.type": "Utilization Value AverageValue",
    "V2HPAScalingRules.selectPolicy": "Max Min Disabled",
    "V2HPAScalingPolicy.type": "Pods Percent",
}


# MARK: Kubernetes


def kubernetes_table():
    import kubernetes.client.models as models

    lines = [f"@ {kind} {short(model)}" for kind, model in ROOTS]
    waiting, seen = [model for _, model in ROOTS], set()
    while waiting:
        model = waiting.pop(0)
        if model in seen:
            continue
        seen.add(model)
        lines.append(short(model))
        cls = getattr(models, model)
        for attribute, name in sorted(cls.attribute_map.items(), key=lambda item: item[1]):
            info = model_field(cls, attribute, name)
            shape, child = kubernetes_shape(model, name, cls.openapi_types[attribute], str(info.annotation))
            if child:
                waiting.append(child)
            mark = "!" if info.is_required() else ""
            values = ENUMS.get(f"{model}.{name}")
            limits = f" enum={values.replace(' ', '|')}" if values else ""
            lines.append(f" {name}{mark} {shape}{limits}")
    return "\n".join(lines)


def model_field(cls, attribute, name):
    """Attributes that would clash with Python's own words have another name in `model_fields`."""
    fields = cls.model_fields
    return fields.get(attribute) or next(f for f in fields.values() if f.serialization_alias == name)


def kubernetes_shape(model, name, text, annotation):
    """The shape of a field, and the model that it refers to."""
    if name in FREE:
        return "any", None
    prefix = ""
    if found := re.fullmatch(r"List\[(.*)\]", text):
        prefix, text = "[]", found[1]
    elif found := re.fullmatch(r"Dict\[str, (.*)\]", text):
        prefix, text = "{}", found[1]
    if re.fullmatch(r"V\d\w+|[A-Z]\w+V\d\w+", text):
        return prefix + short(text), text
    if name in QUANTITIES or (model, name) in QUANTITIES:
        scalar = "quantity"
    elif text == "object":
        scalar = "intOrString" if "int" in annotation and "str" in annotation else "any"
    else:
        scalar = {
            "str": "string", "bool": "boolean", "float": "number", "datetime": "time", "bytes": "bytes",
            "int": "int64" if name in WIDE else "int32",
        }[text]
    return prefix + scalar, None


def short(model):
    return model.removeprefix("V1")


# MARK: Istio


def istio_table():
    kinds = json.loads((HERE / "istio-fields.json").read_text())["kinds"]
    lines, types = [], {}
    for kind, rows in kinds.items():
        tree = IstioTree({row["path"]: row for row in rows})
        tree.types = types
        spec = tree.name_of("spec", f"{kind}Spec")
        mark = "!" if kind in ("ServiceEntry", "WorkloadEntry") else ""
        lines.append(f"@ {kind} {kind}")
        body = ("apiVersion string", "kind string", "metadata ObjectMeta", f"spec{mark} {spec}", "status any")
        types[tuple(" " + line for line in body)] = kind
    for body, name in types.items():
        lines += [name, *body]
    meta = kubernetes_table().split("\n")
    for name in ("ObjectMeta", "OwnerReference"):
        start = meta.index(name)
        lines.append(name)
        for line in meta[start + 1:]:
            if not line.startswith(" "):
                break
            lines.append(line)
    return "\n".join(lines)


class IstioTree:
    """Names the object types of one kind; equal types of any kind share one name."""

    def __init__(self, rows):
        self.rows = rows

    def name_of(self, path, wanted):
        row = self.rows.get(path.removesuffix("[]").removesuffix("{}"))
        limits = self.limits_at(path, row)
        children = [p for p in self.rows if re.fullmatch(re.escape(path) + r"\.[^.\[\]{}]+", p)]
        required = limits.get("required", [])
        body = []
        for child in sorted(children):
            name = child.rsplit(".", 1)[1]
            body.append(f" {name}{'!' if name in required else ''} {self.shape(child, name)}")
        for group in limits.get("atMostOneOf", []) + cel_groups(limits):
            body.append(" ? " + " ".join(group))
        body = tuple(body)
        if body not in self.types:
            taken = set(self.types.values())
            name, number = wanted, 2
            while name in taken:
                name, number = f"{wanted}{number}", number + 1
            self.types[body] = name
        return self.types[body]

    def limits_at(self, path, row):
        if path.endswith("[]"):
            return row.get("itemConstraints", {})
        if path.endswith("{}"):
            return row.get("valueConstraints", {})
        return row.get("constraints", {})

    def shape(self, path, name):
        row = self.rows[path]
        own = row.get("constraints", {})
        wanted = name[0].upper() + name[1:]
        if row["type"] == "array":
            inner, element, mark = row.get("itemConstraints", {}), row["items"], "[]"
        elif "values" in row:
            inner, element, mark = row.get("valueConstraints", {}), row["values"], "{}"
        else:
            inner, element, mark = own, row["type"], ""
        if element == "object":
            wanted = wanted[:-1] if mark == "[]" and wanted.endswith("s") else wanted
            has_fields = any(p.startswith(f"{path}{mark}.") for p in self.rows)
            scalar = self.name_of(path + mark, wanted) if has_fields or mark else "any"
        else:
            scalar = {"integer": "integer", "string": "string", "boolean": "boolean", "number": "number"}[element]
        words = [mark + self.integer(scalar, inner)]
        if mark:
            words += self.container_limits(own)
        if element != "object":
            words += self.scalar_limits(inner, scalar)
        if name in SPANS and "duration" not in words:
            words.append("span")
        return " ".join(words)

    def integer(self, scalar, limits):
        if scalar != "integer":
            return "bytes" if limits.get("format") == "byte" else scalar
        if limits.get("format") == "int32":
            return "int32"
        if limits.get("maximum") == 4294967295 and limits.get("minimum") == 0:
            return "uint32"
        return "int64"

    def container_limits(self, limits):
        words = [f"{key}={limits[key]}" for key in ("minItems", "maxItems", "maxProperties") if key in limits]
        for rule in limits.get("cel", []):
            if rule["rule"] == 'self.all(key, !key.contains("*"))':
                words.append("noStarKeys")
            elif rule["rule"] == "self.all(key, key.size() != 0)":
                words.append("noEmptyKeys")
        return words

    def scalar_limits(self, limits, scalar):
        words = []
        if "enum" in limits:
            words.append("enum=" + "|".join(limits["enum"]))
        low, high = limits.get("minimum"), limits.get("maximum")
        for rule in limits.get("cel", []):
            if rule["rule"] == "duration(self) >= duration('1ms')":
                words.append("duration")
            elif rule["rule"] == '!self.contains("*")':
                words.append("noStar")
            elif rule["rule"] == 'self != "*"':
                words.append("notStar")
            elif rule["rule"] == "0 < self && self <= 65535":
                low, high = 1, 65535
        if (low, high) != (0, 4294967295):
            if low is not None:
                words.append(f"min={low}")
            if high is not None:
                words.append(f"max={high}")
        if "maxLength" in limits:
            words.append(f"maxLength={limits['maxLength']}")
        return words


def cel_groups(limits):
    """`(has(self.a) ? 1 : 0) + (has(self.b) ? 1 : 0) <= 1` is one more group of which one may be given."""
    groups = []
    for rule in limits.get("cel", []):
        if rule["rule"].endswith("<= 1") and "+" in rule["rule"]:
            groups.append(re.findall(r"has\(self\.(\w+)\)", rule["rule"]))
    return groups


# MARK: canaryctl


def canaryctl_table():
    lines = (HERE / "canaryctl-fields.txt").read_text().split("\n")[:-1]
    istio = {}
    for line in istio_table().split("\n"):
        if not line.startswith((" ", "@")):
            body = istio.setdefault(line, [])
        elif line.startswith(" "):
            body.append(line)
    known = {line for line in lines if not line.startswith((" ", "@"))}
    for line in lines:
        name = re.sub(r"^ \S+ (\[\]|\{\})?", "", line).split(" ")[0]
        if line.startswith(" ") and not line.startswith(" ?") and name in istio and name not in known:
            known.add(name)
            lines += [name, *istio[name]]
    return "\n".join(lines)


# MARK: Writing


def swift(name, source, table):
    return (
        "// SPDX-License-Identifier: Apache-2.0\n//\n"
        f"// Generated by Tests/FieldTables/generate.py from {source}; do not edit.\n"
        "// swift-format-ignore-file\n\n"
        f"/// The fields of {name}, one line a fact; `SchemaFields` reads it.\n"
        f"package enum {name}Fields {{\n"
        f'    package static let table = """\n'
        + "".join(f"        {line}\n" for line in table.split("\n"))
        + '        """\n}\n'
    )


def main():
    if sys.argv[1:2] == ["--print"]:
        print({"kubernetes": kubernetes_table, "istio": istio_table, "canaryctl": canaryctl_table}[sys.argv[2]]())
        return
    pip = "the models of PyPI's kubernetes package"
    files = {
        "KubernetesFields.swift": swift("Kubernetes", pip, kubernetes_table()),
        "IstioFields.swift": swift("Istio", "Istio's CRDs", istio_table()),
        "CanaryctlFields.swift": swift("Canaryctl", "canaryctl-fields.txt", canaryctl_table()),
    }
    if sys.argv[1:2] == ["--check"]:
        stale = [name for name, text in files.items() if (TARGET / name).read_text() != text]
        sys.exit(f"stale, run generate.py: {', '.join(stale)}" if stale else 0)
    for name, text in files.items():
        (TARGET / name).write_text(text)


main()
