"""What facts mean, for readers who meet them for the first time."""

#: By the labels of `rheobase.facts.words`.
EXPLANATIONS = {
    "range": "Between which ends the values of f lie. A square bracket: the end is reached; a round one: it is only "
    "approached.",
    "limits": "What f tends to far to the left and far to the right.",
    "shape": "Monotonic: never turns back. Convex: bends upwards only. Odd: turned half around, it is the same; even: "
    "mirrored, it is the same. C0, C1 …: how many derivatives are continuous.",
    "kinks": "Where f′, or f itself, jumps: f′ to the left | to the right, and the one that is used there.",
    "largest slope": "The most that a small change of the input can be multiplied by (the Lipschitz bound).",
    "saturates": "Where the slope is small: a unit that lies there learns slowly.",
    "f′ exactly 0": "Where no gradient passes at all: a unit that lies there for all data is dead.",
    "fixed points": "Where f(x) = x: what goes in comes out.",
    "for z ~ N(0,1)": "Mean of the output for standard normal input; gain: what to multiply weights by to keep the "
    "signal's size; χ₁: what each layer then multiplies the gradient's variance by; 1 keeps it; variance slope: what "
    "it multiplies a small change of the signal's variance by; below 1 that dies out.",
    "edge of chaos": "Deviations of the weights (times √inputs) and of the biases with which the signal keeps the "
    "variance 1 and the gradient its size, layer after layer; none: no such pair at that variance.",
    "relatives": "Equations with other functions, for all x: proved by algebra, or compared to many digits around all "
    "joints and far out.",
}
