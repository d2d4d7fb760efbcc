"""Equations between functions of the catalogue, as data; `rheobase.facts.relatives` proves them.

Each side is a formula over catalogue names at their defaults; NAME_prime is the derivative.
"""

RELATIONS: tuple[tuple[str, str], ...] = (
    ("tanh(x)", "2*sigmoid(2*x) - 1"),
    ("sigmoid(x)", "(1 + tanh(x/2))/2"),
    ("sigmoid(-x)", "1 - sigmoid(x)"),
    ("softplus_prime(x)", "sigmoid(x)"),
    ("softplus(x) - softplus(-x)", "x"),
    ("log_sigmoid(x)", "-softplus(-x)"),
    ("log_sigmoid_prime(x)", "sigmoid(-x)"),
    ("sigmoid_prime(x)", "sigmoid(x)*(1 - sigmoid(x))"),
    ("tanh_prime(x)", "1 - tanh(x)**2"),
    ("silu(x)", "x*sigmoid(x)"),
    ("silu(x) - silu(-x)", "x"),
    ("mish(x)", "x*tanh(softplus(x))"),
    ("gelu(x) - gelu(-x)", "x"),
    ("quick_gelu(x)", "silu(1.702*x)/1.702"),
    ("tanhshrink(x)", "x - tanh(x)"),
    ("relu_prime(x)", "1 - step(-x)"),
    ("relu(x) - relu(-x)", "x"),
    ("relu_squared(x)", "relu(x)**2"),
    ("relu6(x)", "relu(x) - relu(x - 6)"),
    ("hard_sigmoid(x)", "relu6(x + 3)/6"),
    ("hard_swish(x)", "x*hard_sigmoid(x)"),
    ("hard_tanh(x)", "relu(x + 1) - relu(x - 1) - 1"),
    ("leaky_relu(x)", "relu(x) - relu(-x)/100"),
    ("softshrink(x)", "relu(x - 1/2) - relu(-x - 1/2)"),
    ("elu(x)", "relu(x) - relu(1 - exp(x))"),
    ("celu(x)", "elu(x)"),
    ("swish_beta(x)", "silu(x)"),
    ("squareplus(x) - squareplus(-x)", "x"),
    ("exponential_prime(x)", "exponential(x)"),
    ("gaussian_prime(x)", "-2*x*gaussian(x)"),
)
