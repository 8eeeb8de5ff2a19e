-- The mean of 4 outputs between 0 and 1 is at most the largest, the difference as a network of ReLU.
@network
hull : Tensor Real [4] -> Tensor Real [1]

@property
c : Bool
c = forall x . (forall i . 0 <= x ! i <= 1) => hull x ! 0 <= 0
