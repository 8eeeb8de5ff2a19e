-- The mean of 4 outputs between 0 and 1, as a linear network, is below 1.
@network
mean : Tensor Real [4] -> Tensor Real [1]

@property
c : Bool
c = forall x . (forall i . 0 <= x ! i <= 1) => mean x ! 0 < 1
