@fl = float<ieee_32, ne>;
x0 = fl(X0); x1 = fl(X1); x2 = fl(X2); x3 = fl(X3);
w0 = fl(0.1); w1 = fl(0.2); w2 = fl(0.3); w3 = fl(0.4);
rounded fl= w0 * x0 + w1 * x1 + w2 * x2 + w3 * x3;
exact = 0.1 * x0 + 0.2 * x1 + 0.3 * x2 + 0.4 * x3;
{ x0 in [-1, 1] /\ x1 in [-1, 1] /\ x2 in [-1, 1] /\ x3 in [-1, 1] -> rounded - exact in ? }
